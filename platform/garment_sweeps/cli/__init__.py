"""The command `garment`: one small file per command, each importing what it needs only when it runs."""
