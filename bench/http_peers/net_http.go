// Go's net/http with encoding/json, built for each request as the plugin builds it.
package main

import (
	"encoding/json"
	"net/http"
	"os"
	"time"
)

type item struct {
	ID         int     `json:"id"`
	Name       string  `json:"name"`
	PriceMinor int     `json:"price_minor"`
	Currency   string  `json:"currency"`
	Active     bool    `json:"active"`
	Ratio      float64 `json:"ratio"`
}

type list struct {
	Items []item `json:"items"`
	Total int    `json:"total"`
}

type health struct {
	Status    string `json:"status"`
	Timestamp string `json:"timestamp"`
	Uptime    int    `json:"uptime"`
}

func answer(writer http.ResponseWriter, value any) {
	writer.Header().Set("Content-Type", "application/json")
	body, _ := json.Marshal(value)
	writer.Write(body)
}

func main() {
	started := time.Now()
	http.HandleFunc("/healthz", func(writer http.ResponseWriter, _ *http.Request) {
		now := time.Now().UTC()
		answer(writer, health{"healthy", now.Format("2006-01-02T15:04:05.000Z"), int(now.Sub(started).Seconds())})
	})
	http.HandleFunc("/items", func(writer http.ResponseWriter, _ *http.Request) {
		items := make([]item, 0, 10)
		for i := 0; i < 10; i++ {
			items = append(items, item{i, "An item of the list", 1999 + i, "EUR", i%2 == 0, 0.1 * float64(i)})
		}
		answer(writer, list{items, len(items)})
	})
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
