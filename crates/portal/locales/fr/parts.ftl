chip-entry = Entrée du journal :
chip-proof = (télécharger sa preuve)
copy-what = Copier : { $what }
copy-button = Copier
copy-done = Copié
device = { $browser } sur { $system }
