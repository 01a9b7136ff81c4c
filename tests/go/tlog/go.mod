module tlog

go 1.27

require golang.org/x/mod v0.0.0

// Go itself brings it, for its checksum database: `testing::Go::build` copies it here.
replace golang.org/x/mod => ./mod
