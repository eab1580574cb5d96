(* Reads sets of facts, each with what the code says of it, and says the same by the model, or which line it reads otherwise.

   A line: R, and the registered amount and its currency, where one is; then the facts; then =, and what the code says. A fact is
   T amount payment currency standing, or S share other alone operation number kind target currency said parent status rank worth payer
   doubt standing. What may be missing is a number more than it is, and 0 where it is missing. *)

open Fold

let rec positive n = if n = 1 then XH else if n land 1 = 0 then XO (positive (n / 2)) else XI (positive (n / 2))
let number n = if n = 0 then N0 else Npos (positive n)
let rec of_positive = function XH -> 1 | XO p -> 2 * of_positive p | XI p -> (2 * of_positive p) + 1
let of_number = function N0 -> 0 | Npos p -> of_positive p
let optional n = if n = 0 then None else Some (number (n - 1))

(* Each constructor, in the order in which the model declares them. *)
let kinds = [| Debit; Credit; Verification |]
let statuses = [| Unknown; Pending; Authorised; Refused; Cancelled; Expired; Accepted; Captured; Refunded; ChargedBack |]
let payers = [| Voucher; Complement; EitherPayer |]
let names = [| Both; Id; Place; Payment |]
let standings = [| Confirmed; Sound; Contradictory; Respellable |]

let rec facts words =
  let int = int_of_string in
  match words with
  | "T" :: amount :: payment :: currency :: told :: more ->
      (Total (optional (int amount), optional (int payment), number (int currency)), standings.(int told)) :: facts more
  | "S" :: share :: other :: alone :: operation :: no :: kind :: target :: currency :: said :: parent :: status :: rank
    :: worth :: payer :: doubt :: told :: more ->
      let fact =
        { share = number (int share); other_name = optional (int other); alone = names.(int alone);
          operation = optional (int operation); number = optional (int no); kind0 = kinds.(int kind);
          target = optional (int target); currency = number (int currency); said = number (int said);
          parent = optional (int parent); status0 = statuses.(int status); rank = number (int rank);
          worth = number (int worth); payer0 = payers.(int payer); doubt = doubt = "1" }
      in
      (Share fact, standings.(int told)) :: facts more
  | [] -> []
  | word :: _ -> failwith ("not a fact: " ^ word)

let show n = string_of_int (of_number n)
let flag b = if b then "1" else "0"
let optional_number = function None -> "0" | Some n -> string_of_int (of_number n + 1)
let list names = String.concat "" (List.map (fun n -> ":" ^ string_of_int n) (List.sort compare (List.map of_number names)))
let sorted by l = List.sort (fun a b -> compare (of_number (by a)) (of_number (by b))) l

(* Told one after the other: when the order is released, and what is told of it then. Credits come in the code's order: those of
   one operation first, and what has no operations before what has. *)
let story all registered policy =
  let credits facts =
    let tally = decisive facts registered policy in
    let place c =
      let its s = s.kind_of = Credit && s.name = c.credit in
      (not c.part, (List.find its tally.shares).is_operation, of_number c.credit)
    in
    List.sort (fun a b -> compare (place a) (place b)) (certain_credits tally)
  in
  let step (number, facts, released, order) (fact, told) =
    let facts = add0 fact told facts in
    let number = number + 1 in
    if released > 0 then (number, facts, released, decide (credits facts) order)
    else if releasable facts registered policy then
      let gone = List.concat_map (fun c -> List.map (fun name -> (name, c.back)) c.credit_names) (credits facts) in
      (number, facts, number, { gone_before = gone; reversals = [] })
    else (number, facts, 0, order)
  in
  let _, _, released, order = List.fold_left step (0, [], 0, { gone_before = []; reversals = [] }) all in
  let told = List.rev order.reversals in
  let ids = List.sort_uniq compare (List.map (fun r -> r.id) told) in
  (Printf.sprintf "O%d" released :: List.map (fun r -> Printf.sprintf "V%s:%s" (show r.of_share) (show r.told)) told)
  @ [ Printf.sprintf "I%d" (List.length ids) ]

let said all registered is_story =
  let facts = facts_of all in
  let decided ask on =
    let policy = { release_on = on; ask } in
    flag (releasable facts registered policy) ^ flag (paid on (sound facts registered))
  in
  let amounts ask =
    let tally = decisive facts registered { release_on = OnCaptured; ask } in
    let debits = List.filter (fun s -> s.kind_of = Debit) tally.shares in
    let debit s = Printf.sprintf "D%s:%s:%s%s" (show s.name) (show s.captured) (show s.authorised) (list s.names) in
    let credit c =
      Printf.sprintf "C%s:%s:%s:%s:%s%s%s%s" (show c.credit) (show c.back) (optional_number c.of0) (show c.of_parent)
        (flag c.part) (flag c.charged_back) (flag c.of_other) (list c.credit_names)
    in
    List.map debit (sorted (fun s -> s.name) debits)
    @ List.map credit (sorted (fun c -> c.credit) (certain_credits tally))
  in
  let policy ask =
    (decided ask OnCaptured :: amounts ask) 
    @ (if is_story then story all registered { release_on = OnCaptured; ask } else [])
    @ [ decided ask OnSecured ]
  in
  String.concat " " (policy false @ policy true)

let () =
  let sets = ref 0 and released = ref 0 and otherwise = ref 0 in
  (try
     while true do
       let line = input_line stdin in
       let at = String.index line '=' in
       let code = String.sub line (at + 2) (String.length line - at - 2) in
       let words = List.filter (( <> ) "") (String.split_on_char ' ' (String.sub line 0 at)) in
       let registered, words =
         match words with
         | "R" :: (("T" | "S") :: _ as words) | "R" :: ([] as words) -> (None, words)
         | "R" :: amount :: currency :: words ->
             (Some { sum_due = number (int_of_string amount); due_in = number (int_of_string currency) }, words)
         | _ -> failwith ("not a set: " ^ line)
       in
       let model = said (facts words) registered (String.contains code 'O') in
       incr sets;
       if model.[0] = '1' then incr released;
       if model <> code then (
         incr otherwise;
         if !otherwise <= 3 then Printf.printf "%s\n  model: %s\n" line model)
     done
   with End_of_file -> ());
  Printf.printf "%d sets, %d releasable, %d read otherwise by the model\n" !sets !released !otherwise;
  if !sets = 0 || !released = 0 || !otherwise > 0 then exit 1
