package main

import (
	"archive/zip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// No file of evidence but the page is larger, and the page is not read here.
const mostBytes = 4 << 20

// tilesOf reads the tiles of a zip, by the paths of c2sp.org/tlog-tiles.
type tilesOf map[string][]byte

func (t tilesOf) Height() int { return height }

func (t tilesOf) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, found := t[path(tile)]
		if !found {
			return nil, fmt.Errorf("%s is not there", path(tile))
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path(tile), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tilesOf) SaveTiles([]tlog.Tile, [][]byte) {}

// checkEvidence verifies that each entry of a zip of evidence is in the log with this key, at its position:
// by the files inside and nothing else. Nothing is unpacked to disk.
func checkEvidence(arguments []string) error {
	flags := flag.NewFlagSet("evidence", flag.ExitOnError)
	vkey := flags.String("key", "", "the log's verifier key")
	flags.Parse(arguments)

	key, err := note.NewVerifier(*vkey)
	if err != nil {
		return err
	}
	files, err := unzip(flags.Arg(0))
	if err != nil {
		return err
	}
	tree, err := open(files["checkpoint"], key)
	if err != nil {
		return err
	}
	fmt.Printf("checkpoint of %s: %d entries\n", key.Name(), tree.N)
	tiles := tlog.TileHashReader(tree, files)
	var count int
	for name, entry := range files {
		number, isEntry := strings.CutPrefix(name, "entries/")
		if !isEntry {
			continue
		}
		position, err := strconv.ParseInt(strings.TrimSuffix(number, ".json"), 10, 64)
		if err != nil || position < 1 || position > tree.N {
			return fmt.Errorf("%s is no entry of this log", name)
		}
		proof, err := tlog.ProveRecord(tree.N, position-1, tiles)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, position-1, tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !json.Valid(entry) {
			return fmt.Errorf("%s is no JSON", name)
		}
		count++
	}
	if count == 0 {
		return fmt.Errorf("there is no entry")
	}
	fmt.Printf("%d entries are included\n", count)
	return nil
}

// unzip reads the files of a zip, the page apart. A name that is there twice is refused.
func unzip(name string) (tilesOf, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := tilesOf{}
	for _, file := range archive.File {
		if file.Name == "index.html" {
			continue
		}
		if _, twice := files[file.Name]; twice {
			return nil, fmt.Errorf("%s is there twice", file.Name)
		}
		content, err := file.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
		data, err := io.ReadAll(io.LimitReader(content, mostBytes+1))
		content.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
		if len(data) > mostBytes {
			return nil, fmt.Errorf("%s is larger than any file of evidence", file.Name)
		}
		files[file.Name] = data
	}
	return files, nil
}

// rezip writes a zip anew with one byte of a file changed, as whoever forges evidence would: with checksums
// that are right.
func rezip(arguments []string) error {
	from, to, changed := arguments[0], arguments[1], arguments[2]
	archive, err := zip.OpenReader(from)
	if err != nil {
		return err
	}
	defer archive.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	writer := zip.NewWriter(out)
	found := false
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(content)
		content.Close()
		if err != nil {
			return err
		}
		if file.Name == changed {
			found = true
			data[len(data)/2] ^= 1
		}
		copied, err := writer.CreateHeader(&zip.FileHeader{Name: file.Name, Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := copied.Write(data); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("there is no %s", changed)
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return out.Close()
}
