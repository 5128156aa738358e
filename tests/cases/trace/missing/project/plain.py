import plain.below
