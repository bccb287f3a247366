"""What is handed out as a file: reports and papers typeset by Typst, pictures, calendar entries."""
