"""Plans of point-in-time reductions, as plain data, and the engines that run them."""
