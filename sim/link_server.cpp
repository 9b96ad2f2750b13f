// The main program of an accelerator with AXI4-Stream ports that is simulated for a host.
//
// Standard input holds commands: a frame of words to send, which may be empty, and how many cycles
// to wait at most for the end of a frame from the accelerator. Each is answered on standard output:
// the cycles so far, and the words of the frame, or none. Numbers are little-endian, as are words
// on the computers this runs on. A frame that is waited for may be sent at the same time. Input that
// ends during a wait ends it and the program, unanswered: the host was closed or killed.

#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <deque>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

struct Command {
    uint64_t cycles;
    uint64_t words;
};

struct Answer {
    uint64_t cycle;
    uint64_t words;
};

struct Beat {
    uint32_t word;
    bool last;
};

constexpr uint64_t CYCLES_BETWEEN_LOOKS = 4096;

bool host_is_gone() {
    pollfd input{STDIN_FILENO, 0, 0};
    return poll(&input, 1, 0) == 1 && (input.revents & POLLHUP);
}

class Accelerator {
  public:
    Accelerator() : top_{&context_} {
        top_.rst = 1;
        clock();
        clock();
        top_.rst = 0;
        top_.m_axis_link_tready = 1;
    }

    ~Accelerator() { top_.final(); }

    uint64_t cycle() const { return cycle_; }

    void send(const std::vector<uint32_t>& frame) {
        for (size_t index = 0; index < frame.size(); ++index)
            waiting_.push_back({frame[index], index + 1 == frame.size()});
    }

    // Puts a frame, or an empty one after so many cycles; returns whether there is a host for it.
    bool receive(uint64_t cycles, std::vector<uint32_t>& frame) {
        frame.clear();
        for (const uint64_t end = cycle_ + cycles; cycle_ < end;) {
            if (step()) {
                frame.swap(received_);
                return true;
            }
            if (cycle_ % CYCLES_BETWEEN_LOOKS == 0 && host_is_gone()) return false;
        }
        return true;
    }

  private:
    void clock() {
        top_.clk = 0;
        top_.eval();
        top_.clk = 1;
        top_.eval();
        ++cycle_;
    }

    // Returns whether a frame came to its end.
    bool step() {
        const bool sends = !waiting_.empty();
        top_.s_axis_link_tvalid = sends;
        if (sends) {
            top_.s_axis_link_tdata = waiting_.front().word;
            top_.s_axis_link_tlast = waiting_.front().last;
        }
        // What the flip-flops see at the edge stands at the ports before it.
        top_.clk = 0;
        top_.eval();
        const bool sent = sends && top_.s_axis_link_tready;
        const bool came = top_.m_axis_link_tvalid;
        const bool last = came && top_.m_axis_link_tlast;
        if (came) received_.push_back(top_.m_axis_link_tdata);
        top_.clk = 1;
        top_.eval();
        ++cycle_;
        if (sent) waiting_.pop_front();
        return last;
    }

    VerilatedContext context_;
    Vtop top_;
    uint64_t cycle_ = 0;
    std::deque<Beat> waiting_;
    std::vector<uint32_t> received_;
};

}  // namespace

int main() {
    Accelerator accelerator;
    Command command;
    while (std::fread(&command, sizeof command, 1, stdin) == 1) {
        std::vector<uint32_t> frame(command.words);
        if (std::fread(frame.data(), sizeof(uint32_t), frame.size(), stdin) != frame.size())
            return 1;
        accelerator.send(frame);
        if (!accelerator.receive(command.cycles, frame)) break;
        const Answer answer{accelerator.cycle(), frame.size()};
        std::fwrite(&answer, sizeof answer, 1, stdout);
        std::fwrite(frame.data(), sizeof(uint32_t), frame.size(), stdout);
        std::fflush(stdout);
    }
    return 0;
}
