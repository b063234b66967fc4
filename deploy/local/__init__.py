"""The whole platform on one machine: embedded PostgreSQL and NATS, the services, the sandboxes."""
