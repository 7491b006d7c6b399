"""A comparison as files for others: one page with its pictures, a table, and the answer that scripts get."""
