"""Renders volunteers who do not exist: photos to try Chiso with, or aligned chips to train on."""
