"""How a connection notices that the other side is gone."""

# A machine that is gone says nothing: the system finds out within twenty seconds, and the server that a client of its
# has given up within two, so that nothing stays locked (libpq, “Database Connection Control Functions”).
CONNECTION: dict[str, object] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": "-c client_connection_check_interval=2s",
}
