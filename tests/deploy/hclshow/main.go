// hclshow DIR: the .tf files of a folder as JSON, parsed and formatted by HashiCorp's own library for HCL, with each
// expression's references and, where it has no variables, its value. For each file it says whether it is formatted as
// `tofu fmt` and `terraform fmt` format, which takes too long to build from its module (OpenTofu 1.10: more than seven minutes
// on two busy cores) but consists of this: hclwrite, labels in quotes, types without, no "${...}" around a lone expression.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

type attribute struct {
	Line  int             `json:"line"`
	Refs  [][]string      `json:"refs"`
	Value json.RawMessage `json:"value,omitempty"`
	Text  string          `json:"text"`
}

type block struct {
	Type       string               `json:"type"`
	Labels     []string             `json:"labels"`
	Line       int                  `json:"line"`
	Attributes map[string]attribute `json:"attributes"`
	Blocks     []block              `json:"blocks"`
}

type file struct {
	Name      string   `json:"name"`
	Formatted bool     `json:"formatted"`
	Remarks   []string `json:"remarks"`
	Body      block    `json:"body"`
}

// A traversal's names; "[]" stands for any index or splat.
func steps(t hcl.Traversal) []string {
	var out []string
	for _, s := range t {
		switch s := s.(type) {
		case hcl.TraverseRoot:
			out = append(out, s.Name)
		case hcl.TraverseAttr:
			out = append(out, s.Name)
		default:
			out = append(out, "[]")
		}
	}
	return out
}

func flatten(e hclsyntax.Node) []string {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return steps(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		if from := flatten(e.Source); from != nil {
			return append(from, steps(e.Traversal)...)
		}
	case *hclsyntax.IndexExpr:
		if from := flatten(e.Collection); from != nil {
			return append(from, "[]")
		}
	case *hclsyntax.SplatExpr:
		if from := flatten(e.Source); from != nil {
			from = append(from, "[]")
			if each, ok := e.Each.(*hclsyntax.RelativeTraversalExpr); ok {
				from = append(from, steps(each.Traversal)...)
			}
			return from
		}
	}
	return nil
}

func show(src []byte, body *hclsyntax.Body, b *block, remarks *[]string) {
	b.Attributes = map[string]attribute{}
	b.Blocks = []block{}
	for name, a := range body.Attributes {
		r := a.Expr.Range()
		shown := attribute{Line: a.SrcRange.Start.Line, Refs: [][]string{}, Text: string(r.SliceBytes(src))}
		hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
			if ref := flatten(n); ref != nil {
				shown.Refs = append(shown.Refs, ref)
			}
			return nil
		})
		if _, lone := a.Expr.(*hclsyntax.TemplateWrapExpr); lone {
			*remarks = append(*remarks, fmt.Sprintf("line %d: %s is a lone expression in \"${}\"", shown.Line, name))
		}
		if b.Type == "variable" && name == "type" && src[r.Start.Byte] == '"' {
			*remarks = append(*remarks, fmt.Sprintf("line %d: a type in quotes", shown.Line))
		}
		if v, diags := a.Expr.Value(nil); !diags.HasErrors() && v.IsWhollyKnown() && v.Type() != cty.DynamicPseudoType {
			if text, err := ctyjson.Marshal(v, v.Type()); err == nil {
				shown.Value = text
			}
		}
		b.Attributes[name] = shown
	}
	for _, inner := range body.Blocks {
		c := block{Type: inner.Type, Labels: inner.Labels, Line: inner.TypeRange.Start.Line}
		for _, l := range inner.LabelRanges {
			if src[l.Start.Byte] != '"' {
				*remarks = append(*remarks, fmt.Sprintf("line %d: a label without quotes", c.Line))
			}
		}
		show(src, inner.Body, &c, remarks)
		b.Blocks = append(b.Blocks, c)
	}
}

func main() {
	names, _ := filepath.Glob(filepath.Join(os.Args[1], "*.tf"))
	files := []file{}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		parsed, diags := hclsyntax.ParseConfig(src, filepath.Base(name), hcl.InitialPos)
		if diags.HasErrors() {
			fmt.Fprintln(os.Stderr, diags.Error())
			os.Exit(1)
		}
		f := file{Name: filepath.Base(name), Formatted: bytes.Equal(hclwrite.Format(src), src), Remarks: []string{}}
		show(src, parsed.Body.(*hclsyntax.Body), &f.Body, &f.Remarks)
		files = append(files, f)
	}
	if err := json.NewEncoder(os.Stdout).Encode(files); err != nil {
		os.Exit(1)
	}
}
