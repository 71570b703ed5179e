"""What is said: the wire types of the chat-completions API. No I/O."""
