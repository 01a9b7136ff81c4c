chip-entry = Entry in the log:
chip-proof = (download its proof)
# $what (String) - the label of a value
copy-what = Copy: { $what }
copy-button = Copy
copy-done = Copied
# $browser (String) - its name
# $system (String) - the name of the system that it is on
device = { $browser } on { $system }
