package layers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The right column of the tables in MIGRATING.md names what is there: a name of
// a package, or a method or field of one of wsconn's types.
func TestMigratingNamesExist(t *testing.T) {
	names := map[string]bool{}
	for _, pkg := range []string{"frames", "deflate", "wsconn", "mux"} {
		exported(t, pkg, names)
	}
	code := regexp.MustCompile("`([A-Za-z]+)\\.([A-Za-z]+)`")
	checked := 0
	for _, line := range strings.Split(readFile(t, "../../MIGRATING.md"), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) < 2 {
			continue
		}
		for _, m := range code.FindAllStringSubmatch(strings.Join(cells[1:], " "), -1) {
			switch m[1] {
			case "http", "net", "io", "errors":
				continue
			}
			checked++
			if !names[m[1]+"."+m[2]] {
				t.Errorf("MIGRATING.md names %s.%s, which does not exist", m[1], m[2])
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d names were found", checked)
	}
}

// exported adds pkg.Name for what a package exports, and Type.Name for the
// methods and fields of its types.
func exported(t *testing.T, pkg string, names map[string]bool) {
	t.Helper()
	paths, err := filepath.Glob("../../" + pkg + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			declared(d, pkg, names)
		}
	}
}

func declared(d ast.Decl, pkg string, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names[pkg+"."+d.Name.Name] = true
		} else if star, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
			if receiver, ok := star.X.(*ast.Ident); ok {
				names[receiver.Name+"."+d.Name.Name] = true
			}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names[pkg+"."+name.Name] = true
				}
			case *ast.TypeSpec:
				names[pkg+"."+spec.Name.Name] = true
				fields(spec, names)
			}
		}
	}
}

func fields(spec *ast.TypeSpec, names map[string]bool) {
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			names[spec.Name.Name+"."+name.Name] = true
		}
	}
}
