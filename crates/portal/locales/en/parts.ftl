chip-entry = Entry in the log:
# $what (String) - the label of a value
copy-what = Copy: { $what }
copy-button = Copy
copy-done = Copied
