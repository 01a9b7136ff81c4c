// Command tlog reads and makes transparency logs in files, by nothing but Go's own packages
// golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog. It is the second opinion of the tests
// on the log's formats.
//
//	tlog check -key <vkey> [-older <checkpoint>] [-consistency <hashes>] <folder> [index | file.tlog-proof]...
//	tlog proof -key <vkey> <file.tlog-proof>
//	tlog evidence -key <vkey> <evidence.zip>
//	tlog rezip <evidence.zip> <changed.zip> <file>    (with a byte of the file changed)
//	tlog make -name <log> -older <size> <folder>    (entries on standard input, one a line)
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// How many levels of the tree a tile spans.
const height = 8

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: tlog check|proof|evidence|rezip|make ..."))
	}
	run := map[string]func([]string) error{
		"check": check, "proof": checkProof, "evidence": checkEvidence, "rezip": rezip, "make": makeLog,
	}[os.Args[1]]
	if run == nil {
		fail(fmt.Errorf("no command %q", os.Args[1]))
	}
	if err := run(os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// files reads the tiles of a folder, by the paths of c2sp.org/tlog-tiles.
type files struct{ folder string }

func (f files) Height() int { return height }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.folder, path(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path(tile), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// path is the tile's path without the height, which Go's has.
func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

// hashes are those of a tree in memory, by their index of storage.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		all = append(all, h[index])
	}
	return all, nil
}

func (h *hashes) add(entry []byte, number int64) error {
	stored, err := tlog.StoredHashes(number, entry, *h)
	*h = append(*h, stored...)
	return err
}

// open verifies a checkpoint by the log's key.
func open(signed []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != key.Name() || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("checkpoint of another form: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func check(arguments []string) error {
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	vkey := flags.String("key", "", "the log's verifier key")
	older := flags.String("older", "", "a file with an older checkpoint")
	consistency := flags.String("consistency", "", "a file with the hashes of a proof from that")
	flags.Parse(arguments)
	folder := flags.Arg(0)

	key, err := note.NewVerifier(*vkey)
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(signed, key)
	if err != nil {
		return err
	}
	fmt.Printf("checkpoint of %s: %d entries\n", key.Name(), tree.N)

	tiles := tlog.TileHashReader(tree, files{folder})
	if err := checkEntries(folder, tree, tiles); err != nil {
		return err
	}
	if *older != "" {
		if err := checkOlder(*older, *consistency, key, tree, tiles); err != nil {
			return err
		}
	}
	for _, argument := range flags.Args()[1:] {
		if strings.HasSuffix(argument, ".tlog-proof") {
			err = checkProofFile(argument, key)
		} else {
			err = checkInclusion(argument, tree, tiles)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkEntries makes the root from the entries alone, and compares each with the leaf in the tiles.
func checkEntries(folder string, tree tlog.Tree, tiles tlog.HashReader) error {
	var made hashes
	for first := int64(0); first < tree.N; first += 1 << height {
		width := min(tree.N-first, 1<<height)
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)}
		name := strings.Replace(path(tile), "tile/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		var leaves []int64
		for number := first; number < first+width; number++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("%s ends within an entry", name)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if err := made.add(bundle[2:end], number); err != nil {
				return err
			}
			bundle = bundle[end:]
			leaves = append(leaves, tlog.StoredHashIndex(0, number))
		}
		if len(bundle) > 0 {
			return fmt.Errorf("%s has bytes after its last entry", name)
		}
		want, err := made.ReadHashes(leaves)
		if err != nil {
			return err
		}
		have, err := tiles.ReadHashes(leaves)
		if err != nil {
			return fmt.Errorf("%s: %w", path(tile), err)
		}
		for at := range want {
			if have[at] != want[at] {
				return fmt.Errorf("%s has another leaf than the entry %d", path(tile), first+int64(at))
			}
		}
	}
	root, err := tlog.TreeHash(tree.N, made)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries make the root %v, and the checkpoint has %v", root, tree.Hash)
	}
	fmt.Printf("all %d entries make the root\n", tree.N)
	return nil
}

func checkOlder(name, consistency string, key note.Verifier, tree tlog.Tree, tiles tlog.HashReader) error {
	signed, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	older, err := open(signed, key)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, older.N, tiles)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("the older checkpoint: %w", err)
	}
	fmt.Printf("the tree of %d entries is the beginning\n", older.N)
	if consistency == "" {
		return nil
	}
	text, err := os.ReadFile(consistency)
	if err != nil {
		return err
	}
	theirs, err := parseHashes(strings.Fields(string(text)))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(theirs, tree.N, tree.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("the consistency proof: %w", err)
	}
	fmt.Printf("the proof of that has the same %d hashes: %v\n", len(proof), fmt.Sprint(proof) == fmt.Sprint(theirs))
	return nil
}

func checkInclusion(argument string, tree tlog.Tree, tiles tlog.HashReader) error {
	index, err := strconv.ParseInt(argument, 10, 64)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveRecord(tree.N, index, tiles)
	if err != nil {
		return err
	}
	leaf, err := tiles.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	fmt.Printf("entry %d is included\n", index)
	return nil
}

// checkProof verifies that an entry is in the log with this key, by the file of its proof and nothing else.
func checkProof(arguments []string) error {
	flags := flag.NewFlagSet("proof", flag.ExitOnError)
	vkey := flags.String("key", "", "the log's verifier key")
	flags.Parse(arguments)

	key, err := note.NewVerifier(*vkey)
	if err != nil {
		return err
	}
	return checkProofFile(flags.Arg(0), key)
}

// checkProofFile verifies a file whose extra data is the entry itself.
func checkProofFile(name string, key note.Verifier) error {
	file, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, signed, found := strings.Cut(string(file), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("%s is no proof file", name)
	}
	extra, hasExtra := strings.CutPrefix(lines[1], "extra ")
	number, hasIndex := strings.CutPrefix(lines[2], "index ")
	if !hasExtra || !hasIndex {
		return fmt.Errorf("%s has no entry or no index", name)
	}
	entry, err := base64.StdEncoding.DecodeString(extra)
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	proof, err := parseHashes(lines[3:])
	if err != nil {
		return err
	}
	tree, err := open([]byte(signed), key)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("entry %d is proved by its file\n", index)
	return nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		all = append(all, hash)
	}
	return all, nil
}

// makeLog makes a log of the lines of standard input: the hash tiles, checkpoints of all entries and of
// the first ones, and the proof from one to the other. It prints the verifier key.
func makeLog(arguments []string) error {
	flags := flag.NewFlagSet("make", flag.ExitOnError)
	older := flags.Int64("older", 0, "how many entries the older checkpoint has")
	name := flags.String("name", "", "the log's name")
	flags.Parse(arguments)
	folder := flags.Arg(0)

	private, public, err := note.GenerateKey(rand.Reader, *name)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var made hashes
	var size int64
	for _, entry := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if err := made.add(entry, size); err != nil {
			return err
		}
		size++
	}
	for _, tile := range tlog.NewTiles(height, 0, size) {
		data, err := tlog.ReadTileData(tile, made)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(folder, path(tile)), data); err != nil {
			return err
		}
	}
	for name, size := range map[string]int64{"older": *older, "checkpoint": size} {
		root, err := tlog.TreeHash(size, made)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%s\n%d\n%v\n", signer.Name(), size, root)
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(folder, name), signed); err != nil {
			return err
		}
	}
	proof, err := tlog.ProveTree(size, *older, made)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, "consistency"), []byte(strings.Trim(fmt.Sprint(proof), "[]"))); err != nil {
		return err
	}
	fmt.Println(public)
	return nil
}

func write(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
