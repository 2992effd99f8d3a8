"""Chat models behind an OpenAI-compatible API."""
