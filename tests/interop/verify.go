// Verifies a bundle of a Chiso log with Go's own code for signed notes and tree proofs,
// golang.org/x/mod/sumdb: nothing of Chiso's. Usage: verify FILE KEY
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type leaf struct {
	Seq       int64    `json:"seq"`
	LeafHash  string   `json:"leaf_hash"`
	Inclusion []string `json:"inclusion"`
	Salt      *string  `json:"salt"`
	Payload   *string  `json:"payload"`
}

type earlier struct {
	Checkpoint  string   `json:"checkpoint"`
	Consistency []string `json:"consistency"`
}

type bundle struct {
	Checkpoint string    `json:"checkpoint"`
	Earlier    []earlier `json:"earlier"`
	Leaves     []leaf    `json:"leaves"`
}

func main() {
	if err := verify(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(path, key string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var read bundle
	if err := json.Unmarshal(content, &read); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree, err := signedTree(read.Checkpoint, verifier)
	if err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	for _, each := range read.Earlier {
		old, err := signedTree(each.Checkpoint, verifier)
		if err != nil {
			return fmt.Errorf("an earlier checkpoint: %w", err)
		}
		proof, err := hashes(each.Consistency)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("consistency from %d: %w", old.N, err)
		}
	}
	for _, each := range read.Leaves {
		if err := checkLeaf(each, tree); err != nil {
			return fmt.Errorf("leaf %d: %w", each.Seq, err)
		}
	}
	fmt.Printf("%d %d %d\n", tree.N, len(read.Earlier), len(read.Leaves))
	return nil
}

func signedTree(text string, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 3 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not of the log %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("no root: %q", lines[2])
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// A record's hash is SHA-256(0x00 ‖ data); the data of ours is the salted commitment.
func checkLeaf(each leaf, tree tlog.Tree) error {
	stated, err := hashes([]string{each.LeafHash})
	if err != nil {
		return err
	}
	record := stated[0]
	if each.Salt != nil && each.Payload != nil {
		salt, err := hex.DecodeString(*each.Salt)
		if err != nil {
			return err
		}
		committed := append([]byte("chiso/leaf/1\x00"), salt...)
		commitment := sha256.Sum256(append(committed, *each.Payload...))
		record = tlog.RecordHash(commitment[:])
	}
	path, err := hashes(each.Inclusion)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, each.Seq, record)
}

func hashes(texts []string) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, 0, len(texts))
	for _, text := range texts {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("no hash: %q", text)
		}
		var hash tlog.Hash
		copy(hash[:], raw)
		read = append(read, hash)
	}
	return read, nil
}
