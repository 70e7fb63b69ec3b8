"""Calendars of others, read for when somebody is busy. Nothing in here knows Django or our data.

`sandbox.read` is what the rest of the project calls. Whatever an address leads to, reading it ends in time
and stays within the limits of a process of its own.
"""
