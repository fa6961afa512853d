"""Actions: the packs they come from, their parameters, and the runners that perform them."""
