// Checks a directory that `renkei export-log` wrote, with nothing but golang.org/x/mod/sumdb: note (signatures) and tlog
// (tiles, inclusion and consistency proofs). It shares no code with Renkei.
//
//	go run . DIR
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// directory reads tiles by their names in C2SP tlog-tiles, which leave out the height that tlog's own names carry.
type directory string

func (d directory) Height() int                     { return 8 }
func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}
func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, tile := range tiles {
		bytes, err := d.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all[i] = bytes
	}
	return all, nil
}
func (d directory) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), path))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// tree is what the checkpoint commits to, once every key in `vkey` has signed it.
func (d directory) tree() (string, tlog.Tree) {
	var keys []note.Verifier
	for _, key := range strings.Fields(string(must(d.read("vkey")))) {
		keys = append(keys, must(note.NewVerifier(key)))
	}
	opened := must(note.Open(must(d.read("checkpoint")), note.VerifierList(keys...)))
	if len(opened.Sigs) != len(keys) {
		log.Fatal("not every key has signed the checkpoint")
	}
	lines := strings.Split(opened.Text, "\n")
	tree := tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64))}
	copy(tree.Hash[:], must(base64.StdEncoding.DecodeString(lines[2])))
	return lines[0], tree
}

// entries of one bundle: 16 bits of length, big-endian, in front of each.
func (d directory) entries(tile tlog.Tile) [][]byte {
	bundle := must(d.read(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)))
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
			log.Fatalf("bundle %d is cut off", tile.N)
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		entries = append(entries, bundle[2:end])
		bundle = bundle[end:]
	}
	if len(entries) != tile.W {
		log.Fatalf("bundle %d has %d entries", tile.N, len(entries))
	}
	return entries
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . DIR")
	}
	d := directory(os.Args[1])
	origin, tree := d.tree()
	reader := tlog.TileHashReader(tree, d) // every tile is held against the root
	for n := int64(0); n*256 < tree.N; n++ {
		var indexes []int64
		entries := d.entries(tlog.Tile{H: 8, L: 0, N: n, W: int(min(256, tree.N-n*256))})
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, n*256+int64(i)))
		}
		for i, hash := range must(reader.ReadHashes(indexes)) {
			if hash != tlog.RecordHash(entries[i]) {
				log.Fatalf("entry %d is not its leaf", n*256+int64(i))
			}
		}
	}
	for index := int64(0); index < tree.N; index = index*2 + 1 {
		leaf := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)}))[0]
		if err := tlog.CheckRecord(must(tlog.ProveRecord(tree.N, index, reader)), tree.N, tree.Hash, index, leaf); err != nil {
			log.Fatal(err)
		}
	}
	for older := int64(1); older <= tree.N; older = older*2 + 1 {
		if err := tlog.CheckTree(must(tlog.ProveTree(tree.N, older, reader)), tree.N, tree.Hash, older, must(tlog.TreeHash(older, reader))); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%s: %d entries, root %s: signatures, tiles, entries and proofs hold\n", origin, tree.N, tree.Hash)
}
