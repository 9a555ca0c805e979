"""What the API and the console share: the application, callers, photos in requests, problems."""
