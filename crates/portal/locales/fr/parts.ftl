chip-entry = Entrée du registre :
copy-what = Copier : { $what }
copy-button = Copier
copy-done = Copié
device = { $browser } sur { $system }
