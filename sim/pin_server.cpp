// The main program of a board that is simulated from its pins on: the oscillator, and a host at the
// other end of its serial line. All times are true ones, in picoseconds.
//
// Arguments are the oscillator's period and the time of a bit. Standard input holds commands: bytes
// to send, which may be none, and how long to wait at most for bytes from the board. Each is
// answered on standard output: the time so far, and the bytes that came, or none; they are waited
// for until the line has been quiet for two bytes' time. Numbers are little-endian, as on the
// computers this runs on. A byte without a stop bit ends the program. Input that ends during a wait
// ends it too, unanswered: the host was closed or killed.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

#include "Vtop.h"
#include "verilated.h"

namespace {

struct Message {
    uint64_t time;
    uint64_t bytes;
};

constexpr uint64_t NEVER = UINT64_MAX;
constexpr int BITS = 10;
constexpr uint64_t EVENTS_BETWEEN_LOOKS = 1 << 16;

bool host_is_gone() {
    pollfd input{STDIN_FILENO, 0, 0};
    return poll(&input, 1, 0) == 1 && (input.revents & POLLHUP);
}

// Something that happens every so often, without drift.
class Ticks {
  public:
    explicit Ticks(double period) : period_{period} {}
    void start(double time) { first_ = time, count_ = 0; }
    void stop() { first_ = -1; }
    bool runs() const { return first_ >= 0; }
    uint64_t next() const {
        return runs() ? static_cast<uint64_t>(std::llround(first_ + period_ * count_)) : NEVER;
    }
    int count() const { return count_; }
    void tick() { ++count_; }

  private:
    double period_;
    double first_ = -1;
    int64_t count_ = 0;
};

class Board {
  public:
    Board(double period, double bit)
        : top_{&context_}, clock_{period / 2}, sent_{bit}, sampled_{bit}, bit_{bit} {
        top_.i_rx = 1;
        clock_.start(period / 2);
        top_.eval();
    }

    ~Board() { top_.final(); }

    uint64_t time() const { return context_.time(); }
    bool is_broken() const { return broken_; }

    void send(const std::string& bytes) { waiting_.insert(waiting_.end(), bytes.begin(), bytes.end()); }

    // Puts what came, or nothing after so long; returns whether there is a host for it.
    bool receive(uint64_t within, std::string& bytes) {
        bytes.clear();
        const uint64_t end = time() + within;
        while (time() < end && !broken_) {
            if (!received_.empty() && !sampled_.runs() && time() > quiet_) break;
            step();
            if (++events_ % EVENTS_BETWEEN_LOOKS == 0 && host_is_gone()) return false;
        }
        bytes.swap(received_);
        return true;
    }

  private:
    void step() {
        if (!sent_.runs() && !waiting_.empty()) sent_.start(static_cast<double>(time()) + 1);
        const uint64_t inner = top_.eventsPending() ? top_.nextTimeSlot() : NEVER;
        const uint64_t now = std::min({clock_.next(), sent_.next(), sampled_.next(), inner});
        context_.time(now);
        if (clock_.next() == now) {
            top_.i_clk = !top_.i_clk;
            clock_.tick();
        }
        if (sent_.next() == now) drive();
        top_.eval();
        if (sampled_.next() == now) sample();
        if (!sampled_.runs() && !top_.o_tx && was_high_) sampled_.start(now + bit_ / 2), byte_ = 0;
        was_high_ = top_.o_tx;
    }

    // A start bit, eight bits from the lowest on, a stop bit.
    void drive() {
        const int place = sent_.count();
        if (place == BITS) {
            waiting_.pop_front();
            sent_.stop();
            return;
        }
        const auto byte = static_cast<unsigned char>(waiting_.front());
        top_.i_rx = place == 0 ? 0 : place == BITS - 1 ? 1 : byte >> (place - 1) & 1;
        sent_.tick();
    }

    void sample() {
        const int place = sampled_.count();
        sampled_.tick();
        if (place > 0 && place < BITS - 1) byte_ |= top_.o_tx << (place - 1);
        if (place < BITS - 1) return;
        broken_ = !top_.o_tx;
        received_.push_back(static_cast<char>(byte_));
        quiet_ = time() + static_cast<uint64_t>(2 * BITS * bit_);
        sampled_.stop();
    }

    VerilatedContext context_;
    Vtop top_;
    Ticks clock_, sent_, sampled_;
    double bit_;
    bool was_high_ = false, broken_ = false;
    unsigned byte_ = 0;
    uint64_t quiet_ = 0, events_ = 0;
    std::deque<char> waiting_;
    std::string received_;
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    Board board{std::atof(arguments[1]), std::atof(arguments[2])};
    Message command;
    while (std::fread(&command, sizeof command, 1, stdin) == 1) {
        std::string bytes(command.bytes, '\0');
        if (std::fread(bytes.data(), 1, bytes.size(), stdin) != bytes.size()) return 1;
        board.send(bytes);
        if (!board.receive(command.time, bytes)) break;
        if (board.is_broken()) {
            std::puts("a byte from the board had no stop bit");
            return 1;
        }
        const Message answer{board.time(), bytes.size()};
        std::fwrite(&answer, sizeof answer, 1, stdout);
        std::fwrite(bytes.data(), 1, bytes.size(), stdout);
        std::fflush(stdout);
    }
    return 0;
}
