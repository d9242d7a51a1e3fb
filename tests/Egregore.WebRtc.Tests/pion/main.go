// A pion peer that echoes. Signaling: one JSON object a line on stdin and stdout. Arguments: "offer" or "answer".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/pion/webrtc/v3"
)

type line struct {
	Type      string `json:"type,omitempty"`
	Sdp       string `json:"sdp,omitempty"`
	Candidate string `json:"candidate,omitempty"`
	Mid       string `json:"mid,omitempty"`
	Event     string `json:"event,omitempty"`
	Label     string `json:"label,omitempty"`
}

var lock sync.Mutex

func write(message line) {
	lock.Lock()
	defer lock.Unlock()
	text, _ := json.Marshal(message)
	fmt.Println(string(text))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func adopt(channel *webrtc.DataChannel) {
	channel.OnOpen(func() { write(line{Event: "open", Label: channel.Label()}) })
	channel.OnClose(func() { write(line{Event: "closed", Label: channel.Label()}) })
	channel.OnMessage(func(message webrtc.DataChannelMessage) {
		if message.IsString && string(message.Data) == "close" {
			check(channel.Close())
		} else if message.IsString {
			check(channel.SendText(string(message.Data)))
		} else {
			check(channel.Send(message.Data))
		}
	})
}

func main() {
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	connection, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	check(err)
	connection.OnDataChannel(adopt)
	connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			write(line{Candidate: candidate.ToJSON().Candidate, Mid: "0"})
		}
	})
	if os.Args[1] == "offer" {
		channel, err := connection.CreateDataChannel("echo", nil)
		check(err)
		adopt(channel)
		offer, err := connection.CreateOffer(nil)
		check(err)
		check(connection.SetLocalDescription(offer))
		write(line{Type: "offer", Sdp: offer.SDP})
	}
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(make([]byte, 1<<20), 1<<20)
	for scanner.Scan() {
		var message line
		check(json.Unmarshal(scanner.Bytes(), &message))
		if message.Candidate != "" {
			check(connection.AddICECandidate(webrtc.ICECandidateInit{Candidate: message.Candidate, SDPMid: &message.Mid}))
		} else if message.Type == "offer" {
			check(connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: message.Sdp}))
			answer, err := connection.CreateAnswer(nil)
			check(err)
			check(connection.SetLocalDescription(answer))
			write(line{Type: "answer", Sdp: answer.SDP})
		} else if message.Type == "answer" {
			check(connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: message.Sdp}))
		}
	}
	connection.Close()
}
