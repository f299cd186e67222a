"""Reading of tables as people have them: the table found, its lines sorted, its columns understood."""
