"""Embedded PostgreSQL and Valkey for one data folder."""
