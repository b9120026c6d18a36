package query

// Method is what a query does, by its name in the API.
type Method string

// The methods.
const (
	Equal            Method = "equal"
	NotEqual         Method = "notEqual"
	LessThan         Method = "lessThan"
	LessThanEqual    Method = "lessThanEqual"
	GreaterThan      Method = "greaterThan"
	GreaterThanEqual Method = "greaterThanEqual"
	Contains         Method = "contains"
	ContainsAny      Method = "containsAny"
	ContainsAll      Method = "containsAll"
	NotContains      Method = "notContains"
	Search           Method = "search"
	NotSearch        Method = "notSearch"
	IsNull           Method = "isNull"
	IsNotNull        Method = "isNotNull"
	Between          Method = "between"
	NotBetween       Method = "notBetween"
	StartsWith       Method = "startsWith"
	NotStartsWith    Method = "notStartsWith"
	EndsWith         Method = "endsWith"
	NotEndsWith      Method = "notEndsWith"
	Regex            Method = "regex"
	Exists           Method = "exists"
	NotExists        Method = "notExists"
	ElemMatch        Method = "elemMatch"

	Crosses             Method = "crosses"
	NotCrosses          Method = "notCrosses"
	DistanceEqual       Method = "distanceEqual"
	DistanceNotEqual    Method = "distanceNotEqual"
	DistanceGreaterThan Method = "distanceGreaterThan"
	DistanceLessThan    Method = "distanceLessThan"
	Intersects          Method = "intersects"
	NotIntersects       Method = "notIntersects"
	Overlaps            Method = "overlaps"
	NotOverlaps         Method = "notOverlaps"
	Touches             Method = "touches"
	NotTouches          Method = "notTouches"

	VectorDot       Method = "vectorDot"
	VectorCosine    Method = "vectorCosine"
	VectorEuclidean Method = "vectorEuclidean"

	And Method = "and"
	Or  Method = "or"

	Select       Method = "select"
	OrderAsc     Method = "orderAsc"
	OrderDesc    Method = "orderDesc"
	OrderRandom  Method = "orderRandom"
	Limit        Method = "limit"
	Offset       Method = "offset"
	CursorAfter  Method = "cursorAfter"
	CursorBefore Method = "cursorBefore"
)

// kind is the part of a plan that a method belongs to.
type kind uint8

const (
	unknown kind = iota
	filter
	logical
	selection
	order
	limit
	offset
	cursor
)

// values is how many values a method takes.
type values uint8

const (
	anyNumber values = iota
	someValues
	oneValue
	twoValues
	distance // [[geometry, distance, in meters]]
)

// traits are what the parser and the checks need to know about a method.
type traits struct {
	kind    kind
	values  values
	onArray bool // may look into an attribute that is an array
	spatial bool
	vector  bool
}

var methods = map[Method]traits{
	Equal:            {kind: filter, values: someValues},
	NotEqual:         {kind: filter, values: oneValue},
	LessThan:         {kind: filter, values: oneValue},
	LessThanEqual:    {kind: filter, values: oneValue},
	GreaterThan:      {kind: filter, values: oneValue},
	GreaterThanEqual: {kind: filter, values: oneValue},
	Contains:         {kind: filter, values: someValues, onArray: true},
	ContainsAny:      {kind: filter, values: someValues, onArray: true},
	ContainsAll:      {kind: filter, values: someValues, onArray: true},
	NotContains:      {kind: filter, values: someValues, onArray: true},
	Search:           {kind: filter, values: oneValue},
	NotSearch:        {kind: filter, values: oneValue},
	IsNull:           {kind: filter, onArray: true},
	IsNotNull:        {kind: filter, onArray: true},
	Between:          {kind: filter, values: twoValues},
	NotBetween:       {kind: filter, values: twoValues},
	StartsWith:       {kind: filter, values: oneValue},
	NotStartsWith:    {kind: filter, values: oneValue},
	EndsWith:         {kind: filter, values: oneValue},
	NotEndsWith:      {kind: filter, values: oneValue},
	Regex:            {kind: filter, values: oneValue},
	Exists:           {kind: filter, values: someValues, onArray: true},
	NotExists:        {kind: filter, values: someValues, onArray: true},
	ElemMatch:        {kind: filter, values: someValues, onArray: true},

	Crosses:             {kind: filter, values: someValues, spatial: true},
	NotCrosses:          {kind: filter, values: someValues, spatial: true},
	DistanceEqual:       {kind: filter, values: distance, spatial: true},
	DistanceNotEqual:    {kind: filter, values: distance, spatial: true},
	DistanceGreaterThan: {kind: filter, values: distance, spatial: true},
	DistanceLessThan:    {kind: filter, values: distance, spatial: true},
	Intersects:          {kind: filter, values: someValues, spatial: true},
	NotIntersects:       {kind: filter, values: someValues, spatial: true},
	Overlaps:            {kind: filter, values: someValues, spatial: true},
	NotOverlaps:         {kind: filter, values: someValues, spatial: true},
	Touches:             {kind: filter, values: someValues, spatial: true},
	NotTouches:          {kind: filter, values: someValues, spatial: true},

	VectorDot:       {kind: filter, values: oneValue, vector: true},
	VectorCosine:    {kind: filter, values: oneValue, vector: true},
	VectorEuclidean: {kind: filter, values: oneValue, vector: true},

	And: {kind: logical},
	Or:  {kind: logical},

	Select:       {kind: selection},
	OrderAsc:     {kind: order},
	OrderDesc:    {kind: order},
	OrderRandom:  {kind: order},
	Limit:        {kind: limit},
	Offset:       {kind: offset},
	CursorAfter:  {kind: cursor},
	CursorBefore: {kind: cursor},
}
