// Holds what the log's program computes against the tree and note of Go's own module index: reads cases as JSON lines, prints what differs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type testCase struct {
	Verifier string
	Note     string
	Records  []string
	Root     []byte
	Index    int64
	Included [][]byte
	Older    int64
	OlderRoot []byte
	Consistent [][]byte
}

func toHash(bytes []byte) (hash tlog.Hash) {
	copy(hash[:], bytes)
	return
}

func toHashes(all [][]byte) (hashes []tlog.Hash) {
	for _, one := range all {
		hashes = append(hashes, toHash(one))
	}
	return
}

func check(one testCase) error {
	size := int64(len(one.Records))
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return
	})
	for index, record := range one.Records {
		hashes, err := tlog.StoredHashes(int64(index), []byte(record), reader)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return err
	}
	if root != toHash(one.Root) {
		return fmt.Errorf("size %d: the roots differ", size)
	}
	if err := tlog.CheckRecord(toHashes(one.Included), size, root, one.Index, tlog.RecordHash([]byte(one.Records[one.Index]))); err != nil {
		return fmt.Errorf("size %d, index %d: %v", size, one.Index, err)
	}
	if err := tlog.CheckTree(toHashes(one.Consistent), size, root, one.Older, toHash(one.OlderRoot)); err != nil {
		return fmt.Errorf("size %d, older %d: %v", size, one.Older, err)
	}
	verifier, err := note.NewVerifier(one.Verifier)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(one.Note), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%s\n%d\n%s\n", verifier.Name(), size, root); opened.Text != want {
		return fmt.Errorf("the note says %q, not %q", opened.Text, want)
	}
	return nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	count := 0
	for lines.Scan() {
		var one testCase
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if err := check(one); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		count++
	}
	fmt.Printf("%d cases agree\n", count)
}
