"""The console: pages for people, made on the server, with a little script for the camera alone."""
