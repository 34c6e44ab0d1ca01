"""Frame in, frame out: from an extract's rows to chunk files, each row under exactly one end."""
