"""Operations: what runs by itself, which ways calls take, and what waits to be tried again."""
