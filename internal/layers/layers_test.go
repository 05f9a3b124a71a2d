// Package layers_test holds the house rules that a compiler does not: which
// package may import which, and what every file has to keep to.
package layers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module   = "github.com/wsstream/wsstream/"
	root     = "../.."
	maxLines = 400
)

// layers may import what stands before them, and what stands with them.
var layers = []string{"frames", "deflate", "wsconn", "mux", "examples"}

// forTests is what no layer may reach, however indirectly.
var forTests = []string{"internal/testnet", "internal/interop", "internal/bench", "internal/layers"}

// onlyIn says which one package may import a module of others.
var onlyIn = map[string]string{
	"github.com/klauspost/compress": "deflate",
	"github.com/hashicorp/yamux":    "mux",
	"golang.org/x/net":              "wsconn",
	"github.com/prometheus":         "examples/tunnel",
}

// notIn says what a package must do without: frames is pure, and the masks of
// wsconn have to be unpredictable.
var notIn = map[string][]string{
	"frames": {"net", "os", "time", "io", "math/rand", "crypto/rand"},
	"wsconn": {"math/rand"},
}

func TestImports(t *testing.T) {
	for _, system := range []string{"linux", "windows", "js"} {
		imports := listImports(t, system)
		if len(imports["wsconn"]) == 0 {
			t.Fatalf("%s: go list does not know wsconn: %v", system, imports)
		}
		for _, v := range importViolations(imports) {
			t.Errorf("%s: %s", system, v)
		}
	}
}

func TestFiles(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (d.Name()[0] == '.' || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		name, err := filepath.Rel(root, path)
		for _, v := range fileViolations(filepath.ToSlash(name), src) {
			t.Error(v)
		}
		return err
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files seen, %v", seen, err)
	}
}

// listImports asks the go command what the packages of this module import,
// tests apart. Names of this module are without its path.
func listImports(t *testing.T, system string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	arch := "amd64"
	if system == "js" {
		arch = "wasm"
	}
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	imports := make(map[string][]string)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		switch err := dec.Decode(&p); err {
		case nil:
		case io.EOF:
			return imports
		default:
			t.Fatalf("go list: %v", err)
		}
		if name, ours := strings.CutPrefix(p.ImportPath, module); ours {
			for _, i := range p.Imports {
				imports[name] = append(imports[name], strings.TrimPrefix(i, module))
			}
		}
	}
}

// importViolations checks what the packages of the module import directly.
func importViolations(imports map[string][]string) (found []string) {
	violated := func(from, to, rule string) {
		found = append(found, fmt.Sprintf("%s imports %s: %s", from, to, rule))
	}
	for _, from := range slices.Sorted(maps.Keys(imports)) {
		for _, to := range imports[from] {
			if a, b := layer(from), layer(to); a >= 0 && b > a {
				violated(from, to, "the layers point one way")
			}
			if within(from, "frames") && (strings.Contains(to, ".") || imports[to] != nil || layer(to) > 0) {
				violated(from, to, "frames imports the standard library only")
			}
			for outer, only := range onlyIn {
				if within(to, outer) && !within(from, only) {
					violated(from, to, "only "+only+" may")
				}
			}
			for where, what := range notIn {
				if within(from, where) && slices.ContainsFunc(what, func(w string) bool { return within(to, w) }) {
					violated(from, to, where+" does without")
				}
			}
		}
		for _, to := range forTests {
			if layer(from) >= 0 && reaches(imports, from, to) {
				violated(from, to, "that is for tests")
			}
		}
	}
	return found
}

// layer returns the layer of a package, or -1.
func layer(name string) int {
	return slices.IndexFunc(layers, func(l string) bool { return within(name, l) })
}

func within(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

// reaches says whether from imports something within to, or imports a package
// that does. Imports have no circles.
func reaches(imports map[string][]string, from, to string) bool {
	return slices.ContainsFunc(imports[from], func(next string) bool {
		return within(next, to) || reaches(imports, next, to)
	})
}

// skips finds the calls by which a test says that it was not run.
var skips = regexp.MustCompile(`\b(t|tb|b|f)\.Skip`)

// fileViolations checks a source file, whose name is relative to the root.
func fileViolations(name string, src []byte) (found []string) {
	if skips.Match(src) {
		found = append(found, name+": a test that can be passed over will be")
	}
	if strings.HasSuffix(name, "_test.go") {
		return found
	}
	if n := bytes.Count(src, []byte("\n")); n > maxLines {
		found = append(found, fmt.Sprintf("%s: %d lines, at most %d are allowed", name, n, maxLines))
	}
	if !within(name, "frames") {
		return found
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		return append(found, err.Error())
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			found = append(found, fmt.Sprintf("%s: frames starts no goroutine", fset.Position(n.Pos())))
		}
		return true
	})
	return found
}
