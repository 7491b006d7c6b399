"""Re-saves what was read: the one room that writes files a person keeps."""
