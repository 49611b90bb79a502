// Command plot draws the results of internal/bench as one SVG: plot results.json bench.svg.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// results is what is drawn of internal/bench's results.
type results struct {
	Versions struct{ Go, SDK, Server, CPUs, Interval string }
	Waiting  []row
}

type row struct {
	Contender     string
	Waiting       float64
	CallsPerHour  float64
	EventsPerHour float64
	ServerCPU     float64
	One, Thousand struct{ P50, P99 float64 }
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

var colours = map[string]color.Color{
	"deskbridge": color.RGBA{0x1b, 0x7f, 0x5c, 0xff}, "timer": color.RGBA{0xc4, 0x5a, 0x1e, 0xff}, "retry": color.RGBA{0x5a, 0x5f, 0xa8, 0xff},
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("want results.json and the SVG to write")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var r results
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	const width, height = 9 * vg.Inch, 3.2 * vg.Inch
	canvas := vgsvg.New(width, height)
	tiles := draw.Tiles{Rows: 1, Cols: 3, PadX: vg.Points(14), PadTop: vg.Points(4), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: vg.Points(8)}
	charts := []struct {
		title string
		value func(row) float64
	}{
		{"Calls at the desk an hour", func(r row) float64 { return r.CallsPerHour }},
		{"History events an hour, all tickets", func(r row) float64 { return r.EventsPerHour * r.Waiting }},
		{"Temporal server, cores", func(r row) float64 { return r.ServerCPU }},
	}
	plots := make([]*plot.Plot, len(charts))
	for i, chart := range charts {
		if plots[i], err = drawn(r, chart.title, chart.value, i == 0); err != nil {
			return err
		}
	}
	for i, aligned := range plot.Align([][]*plot.Plot{plots}, tiles, draw.New(canvas))[0] {
		plots[i].Draw(aligned)
	}
	out, err := os.Create(args[1])
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(out)
	return errors.Join(err, out.Close())
}

func drawn(r results, title string, value func(row) float64, legend bool) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, "tickets that wait"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Min = 0
	p.Add(plotter.NewGrid())
	for _, who := range []string{"deskbridge", "timer", "retry"} {
		var points plotter.XYs
		for _, m := range r.Waiting {
			if m.Contender == who {
				points = append(points, plotter.XY{X: m.Waiting, Y: value(m)})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color, dots.Shape = colours[who], colours[who], draw.CircleGlyph{}
		line.Width = vg.Points(1.6)
		p.Add(line, dots)
		if legend {
			p.Legend.Add(who, line, dots)
		}
	}
	p.Legend.Top, p.Legend.Left = true, true
	return p, nil
}
