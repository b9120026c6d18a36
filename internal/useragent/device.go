package useragent

import (
	"strings"

	ua "github.com/mileusna/useragent"
)

// brand is a maker of devices and how the names of its models begin.
type brand struct{ prefix, name string }

var brands = []brand{
	{"SM-", "Samsung"},
	{"SAMSUNG ", "Samsung"},
	{"GT-", "Samsung"},
	{"Pixel", "Google"},
	{"Nexus", "Google"},
	{"Redmi", "Xiaomi"},
	{"Mi ", "Xiaomi"},
	{"MI ", "Xiaomi"},
	{"POCO", "Xiaomi"},
	{"M20", "Xiaomi"},
	{"22", "Xiaomi"},
	{"23", "Xiaomi"},
	{"ONEPLUS", "OnePlus"},
	{"OnePlus", "OnePlus"},
	{"IN20", "OnePlus"},
	{"LE21", "OnePlus"},
	{"KB20", "OnePlus"},
	{"CPH", "OPPO"},
	{"RMX", "Realme"},
	{"V2", "Vivo"},
	{"vivo", "Vivo"},
	{"moto", "Motorola"},
	{"Moto", "Motorola"},
	{"XT", "Motorola"},
	{"HUAWEI", "Huawei"},
	{"ELE-", "Huawei"},
	{"VOG-", "Huawei"},
	{"ANE-", "Huawei"},
	{"LYA-", "Huawei"},
	{"Nokia", "Nokia"},
	{"TA-", "Nokia"},
	{"LM-", "LG"},
	{"LG-", "LG"},
	{"ASUS", "Asus"},
	{"Lenovo", "Lenovo"},
	{"HTC", "HTC"},
	{"KF", "Amazon"},
	{"SO-", "Sony"},
	{"XQ-", "Sony"},
	{"Nothing", "Nothing"},
	{"A063", "Nothing"},
	{"FP", "Fairphone"},
}

func (i *Info) setDevice(header string, p ua.UserAgent) {
	switch i.OSCode {
	case "IOS", "IPA":
		i.setApple(header)
	case "AND", "HAR":
		i.setAndroid(header, p)
	case "WIN", "MAC", "LIN", "COS", "UBT", "FED", "DEB", "RHT", "CES", "SSE", "BSD", "OBS", "NBS":
		i.DeviceName = "desktop"
		if i.OSCode == "MAC" {
			i.DeviceBrand = "Apple"
		}
	case "KOS":
		i.DeviceName = "feature phone"
	case "TIZ", "WOS":
		i.DeviceName = "tv"
	case "PS3", "XBX":
		i.DeviceName = "console"
	case "WPH", "BLB":
		i.DeviceName = "smartphone"
	}
	// A script runs on a machine of which its header says nothing.
	if i.ClientType == library && i.DeviceName == "desktop" {
		i.DeviceBrand = ""
	}
}

func (i *Info) setApple(header string) {
	i.DeviceBrand = "Apple"
	switch {
	case strings.Contains(header, "iPad"):
		i.DeviceName, i.DeviceModel = "tablet", "iPad"
	case strings.Contains(header, "iPod"):
		i.DeviceName, i.DeviceModel = "portable media player", "iPod Touch"
	case strings.Contains(header, "iPhone"):
		i.DeviceName, i.DeviceModel = "smartphone", "iPhone"
	default:
		i.DeviceName = "smartphone"
	}
}

func (i *Info) setAndroid(header string, p ua.UserAgent) {
	i.DeviceName = "smartphone"
	if p.Tablet || strings.Contains(header, "Chrome/") && !strings.Contains(header, "Mobile") {
		i.DeviceName = "tablet" // Android's browsers say Mobile on phones only
	}
	model := p.Device
	if model == "K" { // what Chrome says of every device, since it tells no more
		return
	}
	for _, b := range brands {
		if strings.HasPrefix(model, b.prefix) {
			i.DeviceBrand = b.name
			break
		}
	}
	i.DeviceModel = model
}
