"""What a program can check of the quality of practice items and quizzes: pure, from values to faults."""
