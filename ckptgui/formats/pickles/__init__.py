"""Pickles of any protocol as inert graphs: followed operation by operation, nothing imported or called."""
