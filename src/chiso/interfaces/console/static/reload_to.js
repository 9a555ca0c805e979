// What a form led to is done: loaded again, this page leads on, and nothing is done twice.
history.replaceState(null, "", document.querySelector("meta[name=reload-to]").content);
