(** The fold of facts into a decision: a model of shared/core/src/fold, name for name.

    Here: share facts and totals, standings and how a message's doubt lowers them (fact.rs); names that are joined
    (names.rs); a share's status, captured and reserved amount (share.rs); what is surely taken (acquired.rs); both tallies,
    what went back, what is expected, and when an order may be released, under each policy (tally.rs, mod.rs, policy.rs); and how
    a credit is told after the release (decision.rs).

    Left out, and so shown by tests alone: plans of instalments ([first_instalment], [largest_instalment], [series]), flags, the
    state, what is shown (sums, methods, sequences, details), losses of what was only reserved ([reverse_loss]), the limits of a
    stored order, and what providers' tables make of a message (status, rank, worth: here they are given). Names are numbers, in
    the order of their words. Amounts are unbounded, where the code has 64 bits: no sum of an order comes near. *)

From Coq Require Import List NArith Bool.
Import ListNotations.
Local Open Scope N_scope.

(** * fact.rs *)

Inductive Kind := Debit | Credit | Verification.
Inductive Status := Unknown | Pending | Authorised | Refused | Cancelled | Expired | Accepted | Captured | Refunded | ChargedBack.
Inductive Payer := Voucher | Complement | EitherPayer.
Inductive Called := Both | Id | Place | Payment.
Inductive Standing := Confirmed | Sound | Contradictory | Respellable.

Record ShareFact := {
  share : N; other_name : option N;
  (** What it is called by, where it gives one name alone: [payment] in the code. *)
  alone : Called;
  operation : option N; number : option N; kind : Kind; target : option N; currency : N; said : N; parent : option N;
  status : Status; rank : N; worth : N; payer : Payer; doubt : bool }.

(** What the whole costs that a payment is for, or any payment, where [pays] is none; [of] is the currency. *)
Inductive Fact := Share (s : ShareFact) | Total (amount : option N) (pays : option N) (of : N).

Definition as_share f := match f with Share s => [s] | Total _ _ _ => [] end.
Definition opt (o : option N) : N := match o with Some n => n + 1 | None => 0 end.
Definition flag (b : bool) : N := if b then 1 else 0.
Definition kind_n k : N := match k with Debit => 0 | Credit => 1 | Verification => 2 end.
Definition status_n s : N := match s with
  | Unknown => 0 | Pending => 1 | Authorised => 2 | Refused => 3 | Cancelled => 4 | Expired => 5 | Accepted => 6
  | Captured => 7 | Refunded => 8 | ChargedBack => 9 end.
Definition payer_n p : N := match p with Voucher => 0 | Complement => 1 | EitherPayer => 2 end.
Definition called_n c : N := match c with Both => 0 | Id => 1 | Place => 2 | Payment => 3 end.
Definition place s : N := match s with Confirmed => 0 | Sound => 1 | Contradictory => 2 | Respellable => 3 end.
Definition is_kind a b := kind_n a =? kind_n b.
Definition is_status a b := status_n a =? status_n b.
Definition is_payer a b := payer_n a =? payer_n b.
Definition is_called a b := called_n a =? called_n b.
Definition is_some {A} (o : option A) := match o with Some _ => true | None => false end.

(** The derived order of facts: field by field, as they are declared. *)
Definition key f : list N := match f with
  | Share s => [0; share s; opt (other_name s); called_n (alone s); opt (operation s); opt (number s); kind_n (kind s);
      opt (target s); currency s; said s; opt (parent s); status_n (status s); rank s; worth s; payer_n (payer s); flag (doubt s)]
  | Total a p c => [1; opt a; opt p; c] end.
Fixpoint lex (a b : list N) : comparison := match a, b with
  | [], [] => Eq | [], _ => Lt | _, [] => Gt
  | x :: a, y :: b => match x ?= y with Eq => lex a b | c => c end end.

Definition best (a b : Standing) := if place a <=? place b then a else b.
Definition worst (a b : Standing) := if place a <=? place b then b else a.
Definition is_later_operation s := match number s with Some n => negb (n =? 0) | None => false end.
(** The payment that all names but those of shares alone are places in. *)
Definition the_payment : N := 10.
Definition payment s := match alone s with Both | Id => None | Place => Some the_payment | Payment => Some (share s) end.
Definition called s := if is_some (other_name s) then Both else alone s.
Definition standing f told := match f with
  | Share s => if doubt s then worst told Contradictory else told | Total _ _ _ => told end.

(** A map from facts to the best standing of the messages that state them, in the facts' own order. *)
Definition Facts := list (Fact * Standing).
Fixpoint add (f : Fact) (told : Standing) (facts : Facts) : Facts := match facts with
  | [] => [(f, told)]
  | (g, known) :: more => match lex (key f) (key g) with
      | Lt => (f, told) :: facts | Eq => (g, best known told) :: more | Gt => (g, known) :: add f told more end end.
Definition facts_of (told : list (Fact * Standing)) : Facts := fold_right (fun t => add (fst t) (snd t)) [] told.

(** * Sets and sums *)

Definition sum {A} (f : A -> N) (l : list A) := fold_right (fun x n => f x + n) 0 l.
Definition most {A} (f : A -> N) (l : list A) := fold_right (fun x n => N.max (f x) n) 0 l.
Definition most_of {A} (f : A -> option N) (l : list A) : option N := fold_right (fun x n => match f x, n with
  | Some a, Some b => Some (N.max a b) | Some a, None => Some a | None, n => n end) None l.
Definition has (l : list N) n := existsb (N.eqb n) l.
Definition is_opt (a b : option N) := opt a =? opt b.
Fixpoint distinct_by {A} (same : A -> A -> bool) (l : list A) := match l with
  | [] => [] | x :: l => x :: filter (fun y => negb (same x y)) (distinct_by same l) end.

(** Amounts that may be unknown: more than ever was taken. *)
Definition plus (a b : option N) := match a, b with Some a, Some b => Some (a + b) | _, _ => None end.
Definition less (a : N) (b : option N) := match b with Some b => a - b | None => 0 end.
Definition total {A} (f : A -> option N) (l : list A) := fold_right (fun x n => plus (f x) n) (Some 0) l.
Definition is_positive (a : option N) := match a with Some 0 => false | _ => true end.

(** * names.rs *)

(** From each name to the group that it is in, after these pairs of id and other name are joined. *)
Fixpoint joined (pairs : list (N * N)) : N -> N := match pairs with
  | [] => fun name => name
  | (id, other) :: pairs => let group := joined pairs in
      fun name => if group name =? group other then group id else group name end.
Definition least (l : list N) : option N := fold_right (fun n m => match m with
  | Some m => Some (N.min n m) | None => Some n end) None l.
(** The least id stands for a group; what no pair has stands for itself. *)
Definition joined_name (pairs : list (N * N)) (name : N) : N :=
  let group := joined pairs in
  match least (filter (fun id => group id =? group name) (map fst pairs)) with Some id => id | None => name end.
Definition pairs_of (facts : list ShareFact) : list (N * N) := flat_map (fun f => match other_name f with
  | Some other => if is_kind (kind f) Debit then [(share f, other)] else [] | None => [] end) facts.
Definition name_of (facts : list ShareFact) : ShareFact -> N :=
  let pairs := pairs_of facts in
  fun f => if is_kind (kind f) Debit then joined_name pairs (share f)
  else if is_some (other_name f) then share f
  else match distinct_by N.eqb (map share (filter (fun g =>
      is_kind (kind g) (kind f) && is_opt (other_name g) (Some (share f))) facts)) with
    | [id] => id | _ => share f end.

(** * acquired.rs *)

Record StatedAmount := { amount : N; gone : option N; in_parts : bool; open : bool; by_payer : Payer; named : Called }.

Definition left_of s := less (amount s) (gone s).
Definition most_left s := match gone s with None => amount s | Some _ => left_of s end.
Definition may_be_within (apart : bool) (total s : StatedAmount) : bool :=
  let is_later := is_payer (by_payer total) Voucher && is_payer (by_payer s) Complement in
  let taken := match gone s with None => amount s | Some gone => N.max (amount s) gone end in
  let left := left_of s in
  let fits := (taken <? amount total) || (left <? amount total) && ((0 <? left) || in_parts s) in
  negb is_later && (fits || negb apart).
Definition may_be_missing (apart : bool) (total s : StatedAmount) : option N :=
  let is_more := match gone s with None => true | Some gone => amount total <=? gone end && negb (amount s =? amount total) in
  if apart && is_more && negb (in_parts s) then Some 0 else gone s.

(** What is left of shares that all state their own. *)
Definition distinct (own : list StatedAmount) : N :=
  let of c := filter (fun s => is_called (named s) c) own in
  let amount c := sum amount (of c) in
  let left c := sum left_of (of c) in
  let gone_of c := total gone (of c) in
  let has c := (0 <? amount c) || is_positive (gone_of c) in
  let by_one := N.max (amount Id) (amount Place) in
  let left_by_one := if has Id && has Place then less by_one (plus (gone_of Id) (gone_of Place)) else left Id + left Place in
  if negb (has Payment) then left Both + left_by_one
  else if negb (has Both || has Id || has Place) then left Payment
  else less (N.max (amount Payment) (amount Both + by_one)) (total gone own).

Definition is_own (stated : list StatedAmount) (s : StatedAmount) : bool :=
  let vouchers := most_of (fun s => if open s && is_payer (by_payer s) Voucher then Some (amount s) else None) stated in
  negb (open s) || is_payer (by_payer s) Complement && match vouchers with Some most => amount s <=? most | None => false end.
(** What is certain if this is a running total. *)
Definition by_total (apart : bool) (stated : list StatedAmount) (total : StatedAmount) : N :=
  let is_own := is_own stated in
  let is_beside s := is_own s && negb (may_be_within apart total s) in
  let others := filter (fun s => negb (is_beside s)) stated in
  let gone := Fold.total (may_be_missing apart total) others in
  let same := filter (fun s => negb (is_own s) && (amount s =? amount total) && negb (may_be_within apart total s)) others in
  let amount := if apart && negb (is_positive gone) then sum amount same else amount total in
  less amount gone + distinct (filter is_beside stated).
Definition certain (apart : bool) (stated : list StatedAmount) : N :=
  let totals := filter (fun s => negb (is_own stated s)) stated in
  let two_names := match stated with [] => false | first :: _ => existsb (fun s => negb (is_called (named s) (named first))) stated end in
  if two_names && negb (Nat.eqb (length totals) 0) then less (most amount stated) (total gone stated)
  else N.max (most (by_total apart stated) totals) (distinct (filter (is_own stated) stated)).

Definition one_payer (payers : list Payer) : Payer :=
  match filter (fun p => negb (is_payer p EitherPayer)) payers with
  | p :: more => if forallb (is_payer p) more then p else EitherPayer
  | [] => EitherPayer
  end.
(** What one payment has acquired, by the operations that are told of it. *)
Definition acquired (facts : list ShareFact) (whole : N) : N :=
  let captured := filter (fun f => is_status (status f) Captured) facts in
  let is_full f := match target f with Some t => (t <=? worth f) && (t <? whole) | None => false end in
  let amount_of f := if is_full f then match target f with Some t => t | None => worth f end else worth f in
  let operations := map (fun n =>
      let its := filter (fun f => is_opt (number f) n) captured in
      let payers := map payer its in
      (n, {| amount := most amount_of its; gone := Some 0; in_parts := false; open := existsb (fun f => negb (is_full f)) its;
             by_payer := one_payer payers; named := Both |}))
    (distinct_by is_opt (map number captured)) in
  let numbered := map snd (filter (fun o => is_some (fst o)) operations) in
  let sum := certain false numbered in
  let largest := most (fun o => amount (snd o)) operations in
  if whole <? sum then largest else N.max sum largest.

(** * share.rs *)

Record Registered := { sum_due : N; due_in : N }.
Record ShareState := {
  name : N; names : list N; kind_of : Kind; in_currency : N; worth_of : N; captured : N; authorised : N;
  goal : option N; has_goal : bool; status_of : Status; parent_of : option N; payments_of : list N;
  is_operation : bool; is_whole : bool; is_part : bool; paid_by : Payer; called_by : Called }.

(** The fact that holds: the last of the greatest. *)
Definition weight f : list N :=
  let left := if is_kind (kind f) Credit then worth f else 18446744073709551615 - worth f in
  [rank f; flag (is_status (status f) ChargedBack); left; said f].
Definition top (facts : list ShareFact) : option ShareFact := fold_left (fun best f => match best with
  | None => Some f
  | Some b => match lex (weight b) (weight f) with Gt => best | _ => Some f end end) facts None.
Definition target_of (facts : list ShareFact) (c : N) : option N :=
  most_of (fun f => if negb (is_later_operation f) && (currency f =? c) then target f else None) facts.
Definition is_part_let_go (facts : list ShareFact) f : bool :=
  is_status (status f) Cancelled && is_later_operation f
  && match target f, target_of facts (currency f) with Some t, Some whole => t <? whole | _, _ => false end.
Definition highest (s : Status) (own : list ShareFact) : option N :=
  most_of (fun f => if is_status (status f) s then Some (rank f) else None) own.
Definition reserved (top : ShareFact) (own : list ShareFact) (over : option N) (gone : N) : N :=
  let authorised := filter (fun f => is_status (status f) Authorised) own in
  match status top, operation top with
  | Authorised, None => worth top
  | Authorised, Some _ | Captured, Some _ => if opt (highest Authorised own) <? opt over then 0 else most worth authorised - gone
  | _, _ => 0 end.
Definition payer_of (facts : list ShareFact) : Payer :=
  if existsb (fun f => is_payer (payer f) Voucher) facts then Voucher
  else if existsb (fun f => is_payer (payer f) Complement) facts then Complement else EitherPayer.
Definition called_of (facts : list ShareFact) : Called :=
  fold_right (fun f c => if called_n (called f) <=? called_n c then called f else c) Payment facts.

Definition share_of (name : N) (facts : list ShareFact) (registered : option Registered) : option ShareState :=
  let let_go := is_part_let_go facts in
  match match top (filter (fun f => negb (let_go f)) facts) with Some f => Some f | None => top facts end, top facts with
  | Some highest_fact, Some top_fact =>
      let c := currency highest_fact in
      let own := filter (fun f => currency f =? c) facts in
      let bound := match registered, target_of facts c with
        | Some r, None => if due_in r =? c then sum_due r else 0 | _, _ => 0 end in
      let captured := match status highest_fact, most_of target own with
        | Captured, Some most => acquired own (N.max most bound) | Captured, None => worth highest_fact | _, _ => 0 end in
      let parts := filter let_go own in
      let gone := sum (fun o => most (fun f => match target f with Some t => t | None => worth f end)
        (filter (fun f => is_opt (operation f) o) parts)) (distinct_by is_opt (map operation parts)) in
      let over := highest Cancelled (filter (fun f => negb (let_go f)) own) in
      let left := reserved highest_fact own over (captured + gone) in
      let cancelled := is_status (status highest_fact) Authorised && (left =? 0) && negb (Nat.eqb (length parts) 0) in
      let top := if cancelled then top_fact else highest_fact in
      Some {| name := name; names := distinct_by N.eqb (map share facts); kind_of := kind top; in_currency := currency top;
        worth_of := if captured =? 0 then if left =? 0 then worth highest_fact else left else captured;
        captured := captured; authorised := left; goal := target_of facts (currency top);
        has_goal := existsb (fun f => negb (is_later_operation f) && is_some (target f)) facts; status_of := status top;
        parent_of := fold_right (fun f p => if is_some (parent f) then parent f else p) None facts;
        payments_of := flat_map (fun f => match payment f with Some p => [p] | None => [] end) facts;
        is_operation := existsb (fun f => is_some (operation f)) facts;
        is_whole := existsb (fun f => negb (is_later_operation f)) facts;
        is_part := existsb (fun f => negb (is_some (operation f)) || is_later_operation f) facts;
        paid_by := payer_of (filter (fun f => rank f =? rank top) facts); called_by := called_of facts |}
  | _, _ => None end.

Definition join (facts : list ShareFact) (registered : option Registered) : list ShareState :=
  let name_of := name_of facts in
  let groups := map (fun f => ((kind f, name_of f), f)) facts in
  let is_same (a b : Kind * N) := is_kind (fst a) (fst b) && (snd a =? snd b) in
  flat_map (fun g => match share_of (snd g) (map snd (filter (fun f => is_same (fst f) g) groups)) registered with
    | Some s => [s] | None => [] end) (distinct_by is_same (map fst groups)).

(** * tally.rs *)

Inductive ReleaseOn := OnCaptured | OnSecured.
Record Policy := { release_on : ReleaseOn; ask : bool }.
Record Tally := { facts : list Fact; shares : list ShareState; registered : option Registered; void : list (option N) }.

Definition is_credit s (ended : list Status) := is_kind (kind_of s) Credit && existsb (is_status (status_of s)) ended.
Definition final := [Refunded; ChargedBack].
(** What was given back of what this names, in a currency. *)
Definition given_back (shares : list ShareState) (c : N) (of : option N) : N :=
  let credits := filter (fun s => is_credit s final && (in_currency s =? c) && is_opt (parent_of s) of) shares in
  N.max (sum worth_of (filter is_part credits)) (most worth_of (filter (fun s => negb (is_part s)) credits)).
Definition keys (shares : list ShareState) : list (N * option N) :=
  distinct_by (fun a b => (fst a =? fst b) && is_opt (snd a) (snd b))
    (map (fun s => (in_currency s, parent_of s)) (filter (fun s => is_credit s final) shares)).
Definition void_of (facts : Facts) (shares : list ShareState) : list (option N) :=
  flat_map (fun t => match t with
    | (Share s, told) =>
        if is_kind (kind s) Credit && (place (standing (Share s) told) =? place Contradictory)
           && negb (existsb (fun c => is_credit c final && has (names c) (share s)) shares) then [parent s] else []
    | _ => [] end) facts.
(** The facts that are at least as good as [lowest]. *)
Definition admitted (facts : Facts) (lowest : Standing) : list Fact :=
  map fst (filter (fun t => place (standing (fst t) (snd t)) <=? place lowest) facts).
Definition tally_of (facts : Facts) (registered : option Registered) (lowest : Standing) : Tally :=
  let admitted := admitted facts lowest in
  let shares := join (flat_map as_share admitted) registered in
  {| facts := admitted; shares := shares; registered := registered; void := void_of facts shares |}.

Definition is_debit s := is_kind (kind_of s) Debit.
Definition debits t c := filter (fun s => is_debit s && (in_currency s =? c)) (shares t).
Definition debit t (n : N) : option ShareState := find (fun s => is_debit s && has (names s) n) (shares t).
Definition given_back_of t d := sum (fun n => given_back (shares t) (in_currency d) (Some n)) (names d).
Definition given_back_of_unknown t c : option N :=
  total (fun k => let amount := given_back (shares t) (fst k) (snd k) in if fst k =? c then Some amount else None)
    (filter (fun k => match snd k with Some n => negb (is_some (debit t n)) | None => true end) (keys (shares t))).
Definition is_void t d : bool :=
  existsb (fun v => match v with Some n => has (names d) n || negb (is_some (debit t n)) | None => true end) (void t)
  || existsb (fun k => negb (fst k =? in_currency d) && match snd k with Some n => has (names d) n | None => false end)
       (keys (shares t)).
Definition gone_of t d : option N := if is_void t d then None else Some (given_back_of t d).
Definition came_back_in_parts t d : bool :=
  match filter (fun c => is_credit c final && match parent_of c with Some p => has (names d) p | None => false end) (shares t) with
  | [] => false | [c] => negb (is_part c) | _ => true end.
Definition stated on d (gone : option N) (in_parts : bool) : StatedAmount :=
  let amount := match on with OnCaptured => captured d | OnSecured => captured d + authorised d end in
  {| amount := amount; gone := gone; in_parts := in_parts; open := match goal d with Some t => amount <? t | None => false end;
     by_payer := paid_by d; named := called_by d |}.

Definition expected t c : option N := match registered t with
  | Some r => if due_in r =? c then Some (sum_due r) else None
  | None => most_of (fun f => match f with
      | Total a _ of => if of =? c then a else None
      | Share s => if negb (is_later_operation s) && (currency s =? c) then target s else None end) (facts t) end.
Definition currencies t : list N := distinct_by N.eqb (match registered t with Some r => [due_in r] | None =>
  map (fun f => match f with Total _ _ c => c | Share s => currency s end) (facts t) end).
Definition only_due t : option (N * N) :=
  match flat_map (fun c => match expected t c with Some e => if 0 <? e then [(c, e)] else [] | None => [] end) (currencies t) with
  | [due] => Some due | _ => None end.
(** Whether the whole of a debit's payment is known. *)
Definition is_known_whole t d : bool :=
  is_some (registered t) || has_goal d || existsb (fun f => match f with
    | Total (Some _) (Some p) _ => has (payments_of d) p || has (names d) p
    | Total _ None _ => true | Total None _ _ | Share _ => false end) (facts t).
(** How far the debits cover the order, each stated so. *)
Definition cover t c (stated : ShareState -> StatedAmount) : N :=
  let all := debits t c in
  let parts := filter (fun d => negb (is_known_whole t d)) all in
  N.max (certain true (map stated all) - sum (fun d => most_left (stated d)) parts)
    (if existsb open (map stated all) then 0
     else less (distinct (map stated (filter (is_known_whole t) all))) (total (fun d => gone (stated d)) parts)).
Definition gross on t c := cover t c (fun d => stated on d (Some 0) false).
Definition left on t d := stated on d (gone_of t d) (is_void t d || came_back_in_parts t d).
Definition net on t c := less (cover t c (left on t)) (given_back_of_unknown t c).
Definition is_covered (cover : Tally -> N -> N) t : bool :=
  match only_due t with Some (c, e) => e <=? cover t c | None => false end.
Definition paid on := is_covered (gross on).
Definition complete on := is_covered (net on).

(** * mod.rs *)

Definition sound facts registered := tally_of facts registered Sound.
Definition decisive facts registered policy := if ask policy then tally_of facts registered Confirmed else sound facts registered.
Definition releasable facts registered policy : bool :=
  complete (release_on policy) (sound facts registered) && complete (release_on policy) (decisive facts registered policy).

Record CreditTold := { credit : N; back : N; credit_names : list N; of : option N; of_parent : N; part : bool;
  charged_back : bool; of_other : bool }.
Definition certain_credits t : list CreditTold :=
  let credits := filter (fun s => is_credit s final) (shares t) in
  map (fun s => {| credit := name s; back := worth_of s; credit_names := names s; of := parent_of s;
      of_parent := given_back (shares t) (in_currency s) (parent_of s); part := is_part s;
      charged_back := is_status (status_of s) ChargedBack;
      of_other := is_operation s && negb match parent_of s with None => false | Some p => match debit t p with
        | Some d => is_whole d || is_some (registered t) | None => false end end |})
    (filter is_part credits ++ filter (fun s => negb (is_part s)) credits).
