"""The HTTP front: validates requests, writes job records, publishes their ids."""
