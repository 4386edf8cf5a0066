"""The monitoring list: clues, the steps people take, the clocks that run, and the log that keeps it all."""
