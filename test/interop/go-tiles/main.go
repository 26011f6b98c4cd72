// Reads a log's tiles and checkpoints as Go's own module index would, proves records from them, and prints what differs.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type logCase struct {
	Directory string
	Verifier  string
	Older     string
	Newer     string
	Records   []string
}

// C2SP tlog-tiles leaves the height out of the path: it is always 8.
type folder string

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) (all [][]byte, err error) {
	for _, tile := range tiles {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return
}

func open(text string, verifier note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return
	}
	var root string
	lines := strings.Split(opened.Text, "\n")
	if _, err = fmt.Sscan(lines[1], &tree.N); err != nil {
		return
	}
	root = lines[2]
	tree.Hash, err = tlog.ParseHash(root)
	return
}

func check(one logCase) error {
	verifier, err := note.NewVerifier(one.Verifier)
	if err != nil {
		return err
	}
	older, err := open(one.Older, verifier)
	if err != nil {
		return err
	}
	newer, err := open(one.Newer, verifier)
	if err != nil {
		return err
	}
	if newer.N != int64(len(one.Records)) {
		return fmt.Errorf("the checkpoint is of %d records, not of %d", newer.N, len(one.Records))
	}
	reader := tlog.TileHashReader(newer, folder(one.Directory))
	// Of a large log some thousand records are enough, spread over all of it.
	step := 1 + len(one.Records)/2000
	for index, record := range one.Records {
		if index%step != 0 && index != len(one.Records)-1 {
			continue
		}
		proof, err := tlog.ProveRecord(newer.N, int64(index), reader)
		if err != nil {
			return fmt.Errorf("record %d: %v", index, err)
		}
		if err := tlog.CheckRecord(proof, newer.N, newer.Hash, int64(index), tlog.RecordHash([]byte(record))); err != nil {
			return fmt.Errorf("record %d: %v", index, err)
		}
	}
	proof, err := tlog.ProveTree(newer.N, older.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
}

func main() {
	var cases []logCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, one := range cases {
		if err := check(one); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Printf("%d logs agree\n", len(cases))
}
