package otlp

import (
	"context"
	"math"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
)

type metricsBody struct {
	ResourceMetrics []resourceMetrics `json:"resourceMetrics"`
}

type resourceMetrics struct {
	Resource     resource       `json:"resource"`
	ScopeMetrics []scopeMetrics `json:"scopeMetrics"`
}

type scopeMetrics struct {
	Scope   scope    `json:"scope"`
	Metrics []metric `json:"metrics"`
}

type metric struct {
	Name      string  `json:"name"`
	Doc       string  `json:"description,omitempty"`
	Sum       *points `json:"sum,omitempty"`
	Gauge     *points `json:"gauge,omitempty"`
	Histogram *points `json:"histogram,omitempty"`
	Summary   *points `json:"summary,omitempty"`
}

type points struct {
	Temporality int     `json:"aggregationTemporality,omitempty"`
	Monotonic   bool    `json:"isMonotonic,omitempty"`
	DataPoints  []point `json:"dataPoints"`
}

// cumulative is the number of the protocol for sums since the start.
const cumulative = 2

type point struct {
	Attributes []attribute `json:"attributes,omitempty"`
	Start      string      `json:"startTimeUnixNano,omitempty"`
	At         string      `json:"timeUnixNano"`
	Value      *float64    `json:"asDouble,omitempty"`
	Count      string      `json:"count,omitempty"`
	Sum        *float64    `json:"sum,omitempty"`
	Bounds     []float64   `json:"explicitBounds,omitempty"`
	Buckets    []string    `json:"bucketCounts,omitempty"`
	Quantiles  []quantile  `json:"quantileValues,omitempty"`
}

type quantile struct {
	Quantile float64 `json:"quantile"`
	Value    float64 `json:"value"`
}

func (e *Exporter) runMetrics(ctx context.Context) {
	ticker := time.NewTicker(metricsIn)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTry)
			defer cancel()
			e.sendMetrics(last)
			return
		case <-ticker.C:
		}
		e.sendMetrics(ctx)
	}
}

// sendMetrics sends all as they are now. What fails is not sent again: the next
// ones say more.
func (e *Exporter) sendMetrics(ctx context.Context) {
	families, err := e.o.Metrics.Gather()
	if err == nil {
		err = e.post(ctx, &e.metrics, e.encodeMetrics(families))
	}
	e.told(ctx, &e.metrics, err)
}

func (e *Exporter) encodeMetrics(families []*dto.MetricFamily) metricsBody {
	list := make([]metric, 0, len(families))
	for _, f := range families {
		if m, ok := e.metric(f); ok {
			list = append(list, m)
		}
	}
	return metricsBody{[]resourceMetrics{{e.resource(), []scopeMetrics{{scope{"moorfast"}, list}}}}}
}

func (e *Exporter) metric(f *dto.MetricFamily) (metric, bool) {
	m := metric{Name: f.GetName(), Doc: f.GetHelp()}
	p := &points{DataPoints: make([]point, 0, len(f.GetMetric()))}
	at := nanos(e.o.Now())
	for _, one := range f.GetMetric() {
		x := point{At: at, Start: nanos(e.start)}
		for _, l := range one.GetLabel() {
			x.Attributes = append(x.Attributes, attributes(l.GetName(), l.GetValue())...)
		}
		switch f.GetType() {
		case dto.MetricType_COUNTER:
			x.Value = finite(one.GetCounter().GetValue())
		case dto.MetricType_GAUGE:
			x.Start, x.Value = "", finite(one.GetGauge().GetValue())
		case dto.MetricType_HISTOGRAM:
			x.histogram(one.GetHistogram())
		case dto.MetricType_SUMMARY:
			x.summary(one.GetSummary())
		default:
			return m, false
		}
		if x.Value != nil || x.Count != "" {
			p.DataPoints = append(p.DataPoints, x)
		}
	}
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		p.Temporality, p.Monotonic, m.Sum = cumulative, true, p
	case dto.MetricType_GAUGE:
		m.Gauge = p
	case dto.MetricType_HISTOGRAM:
		p.Temporality, m.Histogram = cumulative, p
	default:
		m.Summary = p
	}
	return m, len(p.DataPoints) > 0
}

// histogram turns buckets that count all below their bound into ones that count
// what is between them, the last of which has no end.
func (x *point) histogram(h *dto.Histogram) {
	x.Count, x.Sum = count(h.GetSampleCount()), finite(h.GetSampleSum())
	below := uint64(0)
	for _, b := range h.GetBucket() {
		if math.IsInf(b.GetUpperBound(), 1) {
			break
		}
		x.Bounds = append(x.Bounds, b.GetUpperBound())
		x.Buckets = append(x.Buckets, count(b.GetCumulativeCount()-below))
		below = b.GetCumulativeCount()
	}
	x.Buckets = append(x.Buckets, count(h.GetSampleCount()-below))
}

func (x *point) summary(s *dto.Summary) {
	x.Count, x.Sum = count(s.GetSampleCount()), finite(s.GetSampleSum())
	for _, q := range s.GetQuantile() {
		if v := finite(q.GetValue()); v != nil {
			x.Quantiles = append(x.Quantiles, quantile{q.GetQuantile(), *v})
		}
	}
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

// finite leaves out what JSON has no number for.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
