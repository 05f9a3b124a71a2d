package layers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The README's Go snippets are pieces of examples that run, and it stays short.
func TestReadmeSnippetsComeFromExamples(t *testing.T) {
	readme := readFile(t, "../../README.md")
	if n := strings.Count(readme, "\n"); n > 190 {
		t.Errorf("README.md has %d lines, want at most 190", n)
	}
	var examples strings.Builder
	for _, pattern := range []string{"../../*/example_test.go", "../../*/*_example_test.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			examples.WriteString(readFile(t, path))
		}
	}
	snippets := strings.Split(readme, "```go\n")[1:]
	if len(snippets) == 0 {
		t.Fatal("README.md has no Go snippet")
	}
	for _, s := range snippets {
		snippet, _, closed := strings.Cut(s, "```")
		if !closed || !strings.Contains(examples.String(), snippet) {
			t.Errorf("in no example:\n%s", snippet)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
