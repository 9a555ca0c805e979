"""What people and programs talk to: parse, call a service, render."""
