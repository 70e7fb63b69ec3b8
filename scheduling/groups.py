"""Group sessions: one time with its people and its room, and several clients who each have a booking in it."""
