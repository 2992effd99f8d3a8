import pytest
from chat_server import ChatServer


@pytest.fixture
def serve():
    """A function that starts a server with a behaviour; all of them end with the test."""
    servers = []

    def start(behaviour, **settings):
        server = ChatServer(behaviour, **settings)
        servers.append(server)
        return server.__enter__()

    yield start
    for server in servers:
        server.close()
