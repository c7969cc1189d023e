"""What `scaling.plot` is made of: a file a picture, and what pictures share."""
